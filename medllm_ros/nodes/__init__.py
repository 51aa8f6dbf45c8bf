"""ROS adapters: a message comes in and becomes an event, an effect becomes a message. No medical logic.

Importing this package needs neither ``rclpy`` nor the built messages; its node modules do.
"""
